"""Licence policies: what is allowed by default, expressions, and files that are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxel.errors import UsageError
from voxel.sources import Policy, read_policy


@pytest.mark.parametrize("license", ["MIT", "Apache-2.0", "Zlib", "CC0-1.0", "CC-BY-4.0", "MIT OR GPL-3.0-only"])
def test_permissive_licences_may_be_used(license: str) -> None:
    assert Policy().refusal(license) == ""


@pytest.mark.parametrize("license", ["GPL-3.0-only", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "MIT AND GPL-2.0-only"])
def test_other_licences_may_not(license: str) -> None:
    assert Policy().refusal(license) == f"the licence {license} is not allowed by the policy"


def test_an_unknown_licence_is_denied_unless_the_policy_says_otherwise() -> None:
    assert Policy().refusal("") == "no licence is known"
    assert Policy(unknown="allow").refusal("") == ""


def test_deny_is_stronger_than_allow_and_than_a_manifests_word() -> None:
    policy = Policy(allow=frozenset({"*"}), deny=frozenset({"CC-BY-4.0"}))
    assert policy.refusal("GPL-3.0-only") == ""
    assert policy.refusal("CC-BY-4.0", vouched=True) != ""


def test_a_vouched_licence_need_not_be_listed() -> None:
    assert Policy().refusal("LicenseRef-own", vouched=True) == ""
    assert Policy().refusal("LicenseRef-own") != ""


def test_a_policy_file_replaces_the_default_list(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('allow = ["CC-BY-SA-4.0"]\nunknown = "allow"\n')
    assert read_policy(path) == Policy(allow=frozenset({"CC-BY-SA-4.0"}), unknown="allow")
    assert read_policy(path).refusal("MIT") != ""


def test_every_problem_of_a_policy_file_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('allow = ["MIT", "not one", 3]\ndeny = "MIT"\nunknown = "maybe"\nlicences = []\n')
    with pytest.raises(UsageError) as caught:
        read_policy(path)
    assert str(caught.value) == "; ".join(
        [
            f"'not one' is not an SPDX identifier @ {path} $.allow[1]",
            f"3 is not an SPDX identifier @ {path} $.allow[2]",
            f"expected a list of SPDX identifiers @ {path} $.deny",
            f'expected "allow" or "deny", found \'maybe\' @ {path} $.unknown',
            f"unknown key (known: allow, deny, unknown) @ {path} $.licences",
        ]
    )


def test_a_policy_that_is_missing_or_no_toml_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the policy"):
        read_policy(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("allow = [")
    with pytest.raises(UsageError, match="is not TOML"):
        read_policy(tmp_path / "bad.toml")
