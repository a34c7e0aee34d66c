"""Secrets in the forms in which files and programs write them, and lines that look like them and are none.

Every value is made up. Those that a vendor's scanner would take for real are put together from two parts.
"""

import base64
from pathlib import Path

P = "Zq4tn7Lm2xKd9Wp"  # a password
S = "Hx7!pq9z"  # a short one, with a sign
H = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"  # hex
T = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
B = base64.b64encode(P.encode()).decode()
BU = base64.b64encode(f"admin:{P}".encode()).decode()
AK = "AKIA" + "QWERTYUIOPASDFGH"
SK = "wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPLEKEYx"
SL = "https://hooks.slack.com/services/" + "T0ABCDEFG/B0HIJKLMN/abcdefghijklmnopqrstuvwx"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"

NAMES = (
    "password",
    "db_password",
    "DB_PASS",
    "dbPassword",
    "PGPASSWORD",
    "passphrase",
    "client_secret",
    "api_token",
    "API_KEY",
    "apiKey",
    "secret_key",
    "aws_secret_access_key",
    "private_key",
    "auth_token",
    "smtp_passwd",
    "ldap_bind_password",
    "vault_token",
    "encryption_key",
    "redis.password",
    "spring.datasource.password",
)
FORMS = (
    "{n}: {v}",
    "{n}: '{v}'",
    '{n} = "{v}"',
    "{n}={v}",
    "export {n}={v}",
    '"{n}": "{v}"',
    "{{name: {n}, value: {v}}}",
    "- name: {n}\n  value: {v}",
    "<{n}>{v}</{n}>",
    "--{n}={v}",
    "--{n} {v}",
    "?{n}={v}&a=1",
    "{n}: |\n  {v}\nnext: 1",
    "'{n}' => '{v}',",
)

SECRETS: list[tuple[str, str]] = [
    (f"password: {P}", P),
    (f"password={P}", P),
    (f"DB_PASSWORD={P}", P),
    (f"export DB_PASS={P}", P),
    (f"dbpass={P}", P),
    (f"dbpass = '{P}'", P),
    (f"{{name: DB_PASSWORD, value: {P}}}", P),
    (f"- name: DB_PASSWORD\n  value: {P}", P),
    (f'- name: DB_PASSWORD\n  value: "{P}"', P),
    (f'{{"name": "DB_PASSWORD", "value": "{P}"}}', P),
    (f'{{"value": "{P}", "name": "API_TOKEN"}}', P),
    (f"- value: {P}\n  name: API_KEY", P),
    (f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata:\n  tls: {B}\n  other: {B}", B),
    (f"kind: Secret\nstringData:\n  conf: {P}", P),
    (f"https://{T}@github.com/acme/infra.git", T),
    (f"https://{P}@example.com/x", P),
    (f"https://user:{P}@example.com/x", P),
    (f"postgres://app:{P}@db:5432/app", P),
    (f"redis://:{P}@cache:6379/0", P),
    (f"amqp://guest:{P}@mq/", P),
    (f"mongodb+srv://u:{P}@c.example.net", P),
    (f"jdbc:mysql://db/app?user=a&password={P}&useSSL=true", P),
    (f"Server=db;Database=a;User Id=sa;Password={P};", P),
    (SL, "abcdefghijklmnopqrstuvwx"),
    (f"webhook = {SL}", "abcdefghijklmnopqrstuvwx"),
    (
        (
            "https://discord.com/api/webhooks/123456789012345678/"
            "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefghijklmnopqrstuvwxyz1234"
        ),
        "AbCdEfGhIjKlMnOpQrStUvWxYz01",
    ),
    (f'{{"auths": {{"reg.io": {{"auth": "{BU}"}}}}}}', BU),
    (f'"auth": "{BU}"', BU),
    (f"psk={P}", P),
    (f'psk="{P}"', P),
    (f"    psk={H}{H}", H),
    (f"wpa_passphrase={P}", P),
    (f"https://x.blob.core.windows.net/c/b?sv=2020&sig={P}%2Babc%3D&se=2026", P),
    (f"SharedAccessKey={B}aaaaaaaaaaaaaaaaaaaaaaaaaaaa=", B),
    (f"AccountKey={B}{B}==;EndpointSuffix=core.windows.net", B),
    (f"aws_secret_access_key = {SK}", SK),
    (f"AWS_SECRET_ACCESS_KEY={SK}", SK),
    (AK, AK),
    (f"aws_session_token = {B}{B}{B}", B),
    (f"secret_key: {P}", P),
    (f"requirepass {P}", P),
    (f"masterauth {P}", P),
    (f"machine api.example.com login bob password {P}", P),
    ("root:$6$abcdefgh$" + "x" * 86 + ":19000:0:99999:7:::", "x" * 86),
    ("bob:$apr1$abcdefgh$" + "y" * 22, "y" * 22),
    ("bob:{SHA}" + "abcdefghijklmnopqrstuvwxyz0=", "abcdefghijklmnopqrstuvwxyz0="),
    ("bob:$y$j9T$abcdefghij$" + "z" * 43, "z" * 43),
    ("PrivateKey = " + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5hI7jK9k=", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5hI7jK9k="),
    ("PresharedKey = " + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5hI7jK9k=", "aB3dE5gH7jK9mN1p"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----", "MIIabc"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n-----END OPENSSH PRIVATE KEY-----", "b3Blbn"),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQabc\n-----END PGP PRIVATE KEY BLOCK-----", "lQabc"),
    (JWT, "dozjgNryP4J3"),
    (f"curl -u bob:{P} https://x", P),
    (f"curl --user bob:{P} https://x", P),
    (f"Authorization: Basic {BU}", BU),
    (f"Authorization: Bearer {P}{P}", P),
    (f"Authorization: token {P}", P),
    (f"X-Api-Key: {P}", P),
    (f"X-Auth-Token: {P}", P),
    (f"-H 'PRIVATE-TOKEN: {P}'", P),
    (f"password: |\n  {P}\nnext: 1", P),
    (f"password: >-\n  {P}\n  {P}x\nnext: 1", P),
    (f"PASSWORD=abc\\\n{P}", P),
    (f"mysql -u root -p{P} app", P),
    (f"mysqldump --password={P} app", P),
    (f"sshpass -p {P} ssh x", P),
    (f"sshpass -p '{P}' ssh x", P),
    (f"PGPASSWORD={P} psql -h db", P),
    (f"MYSQL_PWD={P} mysql", P),
    (f"RESTIC_PASSWORD={P} restic", P),
    (f"docker login -u bob -p {P} reg.io", P),
    (f"app --password {P} --verbose", P),
    (f"app --token={P}", P),
    (f"app --api-key {P}", P),
    (f"app --secret '{P}'", P),
    (f"<password>{P}</password>", P),
    (f'<add key="DbPassword" value="{P}"/>', P),
    (f'<user name="a" password="{P}"/>', P),
    (f"'password' => '{P}',", P),
    (f"define('DB_PASSWORD', '{P}');", P),
    (f"define( 'AUTH_KEY', '{P}{P}' );", P),
    (f"$db['default']['password'] = '{P}';", P),
    (f"spring.datasource.password={P}", P),
    (f'password = "{P}"', P),
    (f'"client_secret": "{P}"', P),
    (f"client_secret={P}", P),
    (f"https://x/y?token={P}&a=1", P),
    (f"https://x/y?api_key={P}", P),
    (f"https://x/y?access_token={P}", P),
    (f"Cookie: session={P}", P),
    (f"Set-Cookie: sid={P}; Path=/", P),
    (f"rocommunity {P}", P),
    (f"snmp-server community {P} RO", P),
    ("hvs." + "CAESIJabcdefghijklmnopqrstuvwxyz0123456789", "CAESIJabcdefghij"),
    (
        "//registry.npmjs.org/:_authToken=" + "npm" + "_abcdefghijklmnopqrstuvwxyz0123456789",
        "_abcdefghijklmnopqrstuvwxyz0123456789",
    ),
    (f"//reg/:_authToken={H}", H),
    (f"index-url = https://u:{P}@pypi.example.com/simple", P),
    ("xox" + "b-1234567890-abcdefABCDEF123456", "abcdefABCDEF123456"),
    ("glpat" + "-abcdefABCDEF123456__", "abcdefABCDEF123456"),
    (T, T),
    ("sk_live" + "_abcdefABCDEF1234567890ab", "abcdefABCDEF12"),
    ("SG." + "abcdefghijklmnopqrstuv.wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg", "wxyzABCDEFGH"),
    ("AIza" + "SyA1234567890abcdefghijklmnopqrstuvw", "SyA1234567890abc"),
    ('"private_key": "-----BEGIN PRIVATE KEY-----\\nMIIEabcdef\\n-----END PRIVATE KEY-----\\n"', "MIIEabcdef"),
    (f"smtp_auth_password: {P}", P),
    (f"ldap_bind_pw: {P}", P),
    (f"bindpw {P}", P),
    (f"olcRootPW: {P}", P),
    (f"rootpw {P}", P),
    (f"credentials: {P}", P),
    (f"TOKEN={P}", P),
    (f"vault_token: {P}", P),
    (f"encryption_key: {H}", H),
    (f"SECRET_KEY_BASE={H}{H}", H),
    (f"django SECRET_KEY = '{P}'", P),
    (f"hmac_key: {P}", P),
    (f"salt_key={P}", P),
    (f"passphrase: {P}", P),
    (f"PIN code password is {P}", P),
    (f"stats auth admin:{P}", P),
    (f"user bob insecure-password {P}", P),
    (f"auth_pass {P}", P),
    (f"authentication {{\n auth_type PASS\n auth_pass {P}\n}}", P),
    (f"set password for x identified by '{P}'", P),
    (f"CREATE USER a WITH PASSWORD '{P}';", P),
    (f"IDENTIFIED BY '{P}'", P),
    (f"ALTER ROLE a PASSWORD '{P}'", P),
    (f"echo 'bob:{P}' | chpasswd", P),
    (f"htpasswd -b /etc/f bob {P}", P),
    (f"openssl enc -k {P}", P),
    (f"openssl rsa -passin pass:{P}", P),
    (f"ansible_become_pass: {P}", P),
    (f"ansible_ssh_pass={P}", P),
    (f"ansible_password: {P}", P),
    (f"bootstrap_token={P}", P),
    ("kubeadm join --token abcdef.0123456789abcdef", "0123456789abcdef"),
    ("  token: abcdef.0123456789abcdef", "0123456789abcdef"),
    (f"client-key-data: {B}{B}", B),
    (f"datadog_api_key: {H}", H),
    (f"license_key: {H}{H[:8]}", H),
    (f"newrelic license: eu01xx{H}NRAL", H),
]
SECRETS += [(form.format(n=name, v=P), P) for name in NAMES for form in FORMS]

# One form a line; {v} is the secret.
_MORE_FORMS = r"""
proxy_password={v}
http_proxy_password: {v}
https_proxy_passwd={v}
-Dhttp.proxyPassword={v} -jar app.jar
proxy_pass: {v}
fastcgi_secret: {v}
grpc_token: {v}
pwd={v}
"pwd": "{v}"
Server=db;UID=sa;PWD={v}
Driver=x;Uid=sa;Pwd={v};Encrypt=yes
stripe_key: {v}
STRIPE_KEY={v} app
"pusherKey": "{v}"
export MAPS_KEY_LIVE={v}
app --maps-key {v}
REDISCLI_AUTH={v} redis-cli
SetEnv PROXY_PASSWORD {v}
fastcgi_param DB_PASSWORD "{v}";
aws configure set aws_secret_access_key {v} --profile x
secrets: {stripe: {v}, other: '{v}'}
: PSK "{v}"
%any %any : PSK "{v}"
carol : EAP "{v}"
bob : XAUTH "{v}"
: RSA key.pem "{v}"
key "rndc" { algorithm hmac-sha256; secret "{v}"; };
community {v} ro
set snmp community {v} authorization read-only
com2sec readonly default {v}
trap2sink 10.0.0.1 {v} 162
createUser bob SHA "{v}" AES {v}
snmp-server host 10.0.0.9 version 2c {v}
snmpwalk -v2c -c {v} 10.0.0.1
enable secret 5 {v}
username admin privilege 15 secret {v}
tacacs-server host 10.0.0.1 key 7 {v}
crypto isakmp key {v} address 10.0.0.1
ip ospf message-digest-key 1 md5 7 {v}
neighbor 10.0.0.1 password 7 {v}
key-string {v}
standby 1 authentication {v}
"bob" * "{v}" *
[smtp.example.org]:587 bob:{v}
10.0.0.1:1812 {v} 3
db.internal:5432:app:bob:{v}
"bob" "{v}"
bob:{PLAIN}{v}:1000
user default on >{v} ~* +@all
http-auth bob:{v}
rootpw --plaintext {v}
mysql-server mysql-server/root_password password {v}
CREATE USER bob IDENTIFIED BY {v};
SET PASSWORD FOR 'x'@'%' = PASSWORD('{v}');
auth=HTTPBasicAuth("bob", "{v}")
ConvertTo-SecureString "{v}" -AsPlainText -Force
send "{v}\r"
chpasswd <<< "root:{v}"
echo -n 'root:{v}' | sudo /usr/sbin/chpasswd
printf '%s:%s\n' root {v} | chpasswd
echo '{v}' | passwd --stdin root
passwd --stdin root <<< {v}
(echo '{v}'; echo '{v}') | smbpasswd -s -a bob
echo {v} | sudo -S apt update
echo "{v}" | docker login -u x --password-stdin
echo {v} | docker secret create db_password -
gh auth login --with-token <<< {v}
echo {v} | openssl passwd -stdin
htpasswd -bB -C 10 file user {v}
htpasswd -nbB user {v}
mariadb-dump -u root -p{v} app
docker exec -i db sh -c 'mysql -uroot -p{v} app'
["mysql", "-uroot", "-p{v}", "app"]
"cmd": ["sshpass", "-p", "{v}", "ssh"]
curl -su user:{v} https://x
curl -U u:{v} https://x
http -a user:{v} example.org
lftp -u bob,{v} sftp://h
smbclient //h/s -U bob%{v}
net use z: \\srv\share /user:x {v}
net use \\srv\share {v} /user:dom\bob
NET USER bob {v} /ADD
xfreerdp /u:bob /p:{v} /v:h
openssl passwd -1 -salt xy '{v}'
useradd -m -p $(openssl passwd -6 {v}) bob
openssl dgst -hmac {v} file
redis-cli -h h -a '{v}' ping
mongodump -u x -p {v}
rabbitmqctl add_user bob {v}
ldapsearch -x -D cn=admin -w {v} -b dc=x
ipmitool -H h -U root -P {v} power status
sqlcmd -S h -U sa -P {v} -Q x
sqlplus scott/{v}@db
zip -rP {v} a.zip f
7z a -p{v} a.7z f
ssh-keygen -p -P {v} -N {v} -f k
usermod -p '{v}' bob
kadmin.local -q "cpw -pw {v} bob"
vault kv put secret/app user=bob conf={v} more={v}
kubectl create secret generic db --from-literal=a=b1c --from-literal=conf={v}
wpa_passphrase ssid {v}
nmcli c modify x wifi-sec.psk {v}
ansible-vault encrypt_string '{v}' --name x
doveadm pw -s SSHA -p {v}
"""
# What sets a variable whose name has a sign, names of several words, and names that are values.
_NAMED_FORMS = r"""
$dbpass='{v}';
$db_password = '{v}';
my $password = '{v}';
our $api_token="{v}";
$Password = "{v}"
[string]$Password = "{v}"
  private static string $secret='{v}';
function connect($user, $password = '{v}')
$conf = array($password => '{v}');
$password ||= '{v}';
$password //= '{v}';
password ??= '{v}'
{{ $password := "{v}" }}
next=%2Flogin%3Fuser%3Dbob%26password%3D{v}
password 1: {v}
{"ParameterKey":"DbPassword","ParameterValue":"{v}"}
{"ParameterValue": "{v}", "ParameterKey": "DbPassword"}
ParameterKey=Env,ParameterValue=prod ParameterKey=DbPassword,ParameterValue={v} ParameterKey=Size,ParameterValue=2
{"OptionName": "DbPassword", "Value": "{v}"}
Unseal Key 1: {v}
Recovery Key 2: {v}
Secret Access Key: {v}
API Key: {v}
  api key = {v}
"API Key": "{v}"
'Secret Access Key' => '{v}',
Pre-Shared Key : {v}
Private Key:    {v}
"""
_LONG_FORMS = (
    "cat <<'EOF' | sudo chpasswd\nroot:{v}\nbob:{v}\nEOF",
    "  shell: |\n    passwd --stdin root <<-EOF\n    {v}\n    EOF\n  next: 1",
    "mysql -u root \\\n  -p{v} \\\n  app",
    "- name: STRIPE_KEY\n  value: {v}",
    "stripe_key: >-\n  {v}\nnext: 1",
    "api_keys:\n  stripe: {v}\n  a:\n    b: {v}\n  c: {v}\nd: 1",
    "-----BEGIN OpenVPN Static key V1-----\n{v}\n-----END OpenVPN Static key V1-----",
    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{v}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
)
MORE_SECRETS = [
    (form.replace("{v}", value), value)
    for form in (*_MORE_FORMS.strip().splitlines(), *_NAMED_FORMS.strip().splitlines(), *_LONG_FORMS)
    for value in (P, S)
]
SECRETS += MORE_SECRETS

# Headers, as clients print them in their messages; {v} is the secret.
_HEADERS = r"""
> Authorization: Token {v}
> Authorization: token {v}
> authorization: ApiKey {v}
> Authorization: Splunk {v}
> Authorization: GenieKey {v}
> Authorization: Bot {v}
> Authorization: SSWS {v}
> Authorization: Negotiate {v}
> Authorization: Unknown {v}
> Authorization: Token token="{v}"
> Authorization: OAuth oauth_consumer_key="bob", oauth_signature="{v}"
> Authorization: Digest username="bob", realm="x", uri="/", response="{v}", qop=auth
> Authorization: AWS4-HMAC-SHA256 Credential=bob/20130524/s3/aws4_request, SignedHeaders=host;range, Signature={v}
Authorization=Splunk {v} of web-1
Authorization=Digest username="bob", response="{v}"
{Authorization: Digest username="bob", response="{v}", Accept: x}
* [HTTP/2] [1] [authorization: Token {v}]
{"stderr": "> Authorization: Token {v}\r\n> Accept: x"}
{"stderr": "> Authorization: Digest username=\"bob\", response=\"{v}\"\r\n> Accept: x"}
curl -H "Authorization: Token {v}" https://example.org
curl -H 'Authorization: Digest username="bob", response="{v}"' https://example.org
> Authorization: [redacted] {v}
The server answered 403 to Authorization: SSWS {v} of web-1
> Cookie: theme=dark; sessionid={v}
< Set-Cookie: theme=dark; sid={v}; Path=/; HttpOnly
"""
HEADERS = [(form.replace("{v}", value), value) for form in _HEADERS.strip().splitlines() for value in (P, H)]

INNOCENT = Path(__file__).with_name("innocent_lines.txt").read_text(encoding="utf-8").splitlines()
