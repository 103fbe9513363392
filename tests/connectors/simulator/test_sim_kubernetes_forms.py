"""The small translations: ages, CPU quantities, protobuf reviews, Accept headers."""

from __future__ import annotations

import pytest

from connectors.simulator.kubernetes import protobuf
from connectors.simulator.kubernetes.cells import duration
from connectors.simulator.kubernetes.quantities import millicores
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.representation import Form, negotiated


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (301, "5m1s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600, "8h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (8 * 86400, "8d"),
        (730 * 86400, "2y"),
    ],
)
def test_ages_are_written_as_kubectl_writes_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("quantity", "cores"), [("500m", 500), ("2", 2000), (2, 2000), ("0.5", 500), ("x", 0), ("", 0)]
)
def test_cpu_quantities(quantity: object, cores: int) -> None:
    assert millicores(quantity) == cores


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def _unknown(kind: bytes, spec: bytes) -> bytes:
    meta = _field(1, b"authorization.k8s.io/v1") + _field(2, kind)
    return protobuf.MAGIC + _field(1, meta) + _field(2, _field(1, b"") + _field(2, spec)) + _field(3, b"")


def test_an_access_review_in_protobuf() -> None:
    attributes = _field(1, b"shop") + _field(2, b"patch") + _field(3, b"apps") + _field(5, b"deployments")
    assert protobuf.decoded(_unknown(b"SelfSubjectAccessReview", _field(1, attributes))) == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {
            "resourceAttributes": {"namespace": "shop", "verb": "patch", "group": "apps", "resource": "deployments"}
        },
    }
    rules = protobuf.decoded(_unknown(b"SelfSubjectRulesReview", _field(1, b"shop")))
    assert (rules["kind"], rules["spec"]) == ("SelfSubjectRulesReview", {"namespace": "shop"})


@pytest.mark.parametrize("raw", [b"", b"{}", protobuf.MAGIC, protobuf.MAGIC + b"\x0a\xff", _unknown(b"Nothing", b"")])
def test_what_is_no_message(raw: bytes) -> None:
    with pytest.raises(protobuf.Malformed):
        protobuf.decoded(raw)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form()),
        ("*/*", Form()),
        ("application/json", Form()),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Form("Table")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Form()),
        ("application/vnd.kubernetes.protobuf,application/json", Form()),
        ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Form("PartialObjectMetadata")),
    ],
)
def test_the_first_form_that_is_offered_is_taken(accept: str, form: Form) -> None:
    assert negotiated(accept) == form


@pytest.mark.parametrize("accept", ["text/html", "application/yaml", "application/json;as=Table;v=v9;g=meta.k8s.io"])
def test_a_form_that_is_not_offered_is_not_acceptable(accept: str) -> None:
    with pytest.raises(Refusal) as refused:
        negotiated(accept)
    assert refused.value.code == 406
