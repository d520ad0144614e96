"""The map of developer tools: its files exist, and looking at a machine never fails."""

import pytest

from dslab.concepts import tools


def test_all_four_kinds_are_shown_and_every_file_is_there():
    rows = tools.survey()
    assert {row["kind"] for row in rows} == set(tools.KINDS) == set(tools.MISSING)
    assert [row["file"] for row in rows if row["there"] != "yes"] == []


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    assert {row["there"] for row in tools.survey(tmp_path)} == {"no"}


def test_what_is_said_to_be_missing_is_missing():
    assert not (tools.ROOT / "Dockerfile").exists()
    assert not (tools.ROOT / ".vscode").exists() and not (tools.ROOT / ".idea").exists()


def test_machine_without_anything_is_no_error():
    rows = tools.machine(lambda program: None)
    assert {row.state for row in rows} == {"optional"}
    assert all(row.remedy for row in rows)
    assert tools.conclusion(rows) == "Here: none of them. The lessons run with or without them."


def test_machine_that_cannot_be_looked_at_is_no_error():
    def forbidden(program: str) -> str:
        raise PermissionError(program)

    assert {row.state for row in tools.machine(forbidden)} == {"optional"}


@pytest.mark.parametrize(
    ("program", "part"), [("podman", "containers"), ("git", "git"), ("emacs", "an editor")]
)
def test_one_program_of_a_part_is_enough(program, part):
    rows = {row.part: row for row in tools.machine(lambda name: "/bin/x" if name == program else None)}
    assert (rows[part].state, rows[part].found) == ("ready", program)
