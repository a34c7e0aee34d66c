"""Which rules are left out, and what is changed because a text is no file: it is short, and may be cut."""

NAMES = "the redactor knows it by the name beside it, at any length (names.py, lines.py)"
COMMANDS = "the redactor reads commands itself, in a time that is linear (commands.py)"
BLOCKS = "the redactor drops such a block also where its end is cut off (shapes.py)"
STRUCTURES = "the redactor reads such documents itself (structures.py)"
URLS = "the redactor knows it by its place in a URL (shapes.py)"
PUBLIC = "it names somebody or is published: it is no secret"
FILES = "it concerns a file's name, not a text"

LEFT_OUT = {
    "generic-api-key": NAMES,
    "hashicorp-tf-password": NAMES,
    "nuget-config-password": NAMES,
    "freemius-secret-key": NAMES,
    "curl-auth-header": COMMANDS,
    "curl-auth-user": COMMANDS,
    "private-key": BLOCKS,
    "kubernetes-secret-yaml": STRUCTURES,
    "microsoft-teams-webhook": URLS,
    "sidekiq-sensitive-url": URLS,
    "slack-webhook-url": URLS,
    "pkcs12-file": FILES,
    "adobe-client-id": PUBLIC,
    "asana-client-id": PUBLIC,
    "bitbucket-client-id": PUBLIC,
    "discord-client-id": PUBLIC,
    "linkedin-client-id": PUBLIC,
    "looker-client-id": PUBLIC,
    "messagebird-client-id": PUBLIC,
    "new-relic-user-api-id": PUBLIC,
    "plaid-client-id": PUBLIC,
    "sendbird-access-id": PUBLIC,
    "sumologic-access-id": PUBLIC,
    "flutterwave-public-key": PUBLIC,
    "lob-pub-api-key": PUBLIC,
    "mailgun-pub-key": PUBLIC,
}

# gitleaks searches whole files, where the vendor's name stands somewhere; a message may have the token alone.
WORDS = {"airtable-personnal-access-token": ["pat"]}

# The groups of this rule are alternatives within the secret.
GROUPS = {"jwt-base64": 0}

# Beginnings of tokens that other texts have too: by them alone no token is known that was cut.
COMMON_BEGINNINGS = frozenset(
    """
    access-development- access-production- access-sandbox- API- A3- bedrock-api-key- ext_ _gitlab_ ico- key- live_ pat.
    pk. sat. sc_ sk- sl. t1. test_ v1.0-
    """.split()  # noqa: SIM905
)
