"""The list of authorities that the functions trust for AWS's endpoints."""

import ssl
import time
from pathlib import Path

import certifi

from layers.amazon_roots import ROOTS, by_digest
from tests.contract.templates.cloudformation import ROOT, load

FILE = ROOT / "layers/shared/pointsman/amazon_roots.pem"
YEAR = 365 * 24 * 3600


def test_it_has_the_five_roots_of_amazon_trust_services_and_no_other() -> None:
    """https://www.amazontrust.com/repository/ has the same digests."""
    assert sorted(by_digest(FILE.read_text())) == sorted(ROOTS.values())
    assert FILE.read_text().count("BEGIN CERTIFICATE") == len(ROOTS) == 5


def test_its_roots_are_good_for_another_year() -> None:
    context = ssl.create_default_context(cafile=str(FILE))
    ends = [str(each["notAfter"]) for each in context.get_ca_certs()]
    assert len(ends) == len(ROOTS)
    assert min(map(ssl.cert_time_to_seconds, ends)) > time.time() + YEAR


def test_mozilla_still_trusts_them() -> None:
    """A root that is withdrawn leaves certifi's list with the next release."""
    assert by_digest(Path(certifi.where()).read_text()).keys() >= set(ROOTS.values())


def test_every_function_has_it_where_its_layer_is_unpacked() -> None:
    variables = load("template.yaml")["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["AWS_CA_BUNDLE"] == f"/opt/python/{FILE.relative_to(ROOT / 'layers/shared')}"
