"""Facts of the first election, of certificates and of the migration between the API groups."""

import pytest

from dslab.opensearch.bootstrap import MANAGERS, BootstrapSwitches, Service
from dslab.opensearch.migration import Api, MigrationSwitches, Refused
from dslab.opensearch.namespaces import watched
from dslab.opensearch.tls import LIFETIME_H, Certificates, TlsSwitches
from dslab.sim import World


def test_the_bootstrap_pod_goes_once_all_have_joined_one_cluster():
    service = Service(World(), BootstrapSwitches())
    service.world.run()
    assert service.ids() == {1: list(MANAGERS)}
    assert service.initialized


@pytest.mark.parametrize(("volume", "ids"), [(True, {1}), (False, {1, 2})])
def test_a_bootstrap_pod_that_moves_keeps_its_id_only_on_a_volume(volume, ids):
    service = Service(World(), BootstrapSwitches(volume=volume))
    service.world.at(7_000_000, service.move, "moved")
    service.world.run()
    assert set(service.ids()) == ids


@pytest.mark.parametrize(("looks", "ids"), [(True, {1}), (False, {1, 2})])
def test_kept_volumes_meet_a_new_bootstrap_pod(looks, ids):
    service = Service(World(), BootstrapSwitches(looks_first=looks), kept_volumes=True)
    service.world.run()
    assert set(service.ids()) == ids


@pytest.mark.parametrize(
    ("positions", "expired"),
    [
        ({}, 0),
        ({"hot_reload": False}, 3),
        ({"mount": "subPath"}, 3),
        ({"version": "2.19.0"}, 3),
        ({"version": "2.19.1"}, 0),
        ({"version": "3.0.0"}, 0),
    ],
)
def test_who_has_an_expired_certificate_after_a_year(positions, expired):
    made = Certificates(World(), TlsSwitches(**positions))
    made.world.run()
    assert (len(made.expired), made.world.now / 3.6e9) == (expired, LIFETIME_H)


def test_a_restart_reads_the_renewed_certificate_however_it_is_mounted():
    made = Certificates(World(), TlsSwitches(hot_reload=False, mount="subPath"))
    made.world.run(until_us=int(0.9 * LIFETIME_H * 3.6e9))
    made.restart("node-1")
    made.world.run()
    assert made.expired == ["node-0", "node-2"]


def test_the_twin_is_made_when_the_old_object_runs():
    api = Api(World(), MigrationSwitches(), "PENDING")
    api.world.run(until_us=59_000_000)
    assert api.new is None
    api.world.run()
    assert api.new is not None and api.new.phase == "RUNNING"


@pytest.mark.parametrize(
    "ask",
    [lambda api: api.edit_old("5 nodes"), lambda api: api.delete_old(), lambda api: api.edit_new("5 nodes")],
)
def test_what_is_refused_before_the_twin_exists(ask):
    api = Api(World(), MigrationSwitches())
    with pytest.raises(Refused):
        ask(api)
    api.world.close()


def test_deleting_the_new_object_takes_the_old_one_along():
    api = Api(World(), MigrationSwitches())
    api.world.run()
    api.delete_new()
    assert (api.old, api.new) == (None, None)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: BootstrapSwitches(volume="yes"), "volume='yes' is no switch position"),
        (lambda: TlsSwitches(mount="copy"), "mount='copy' is no choice; use one of 'directory', 'subPath'"),
        (lambda: MigrationSwitches(webhook=1), "webhook=1 is no switch position"),
    ],
)
def test_switch_out_of_range_is_told(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    ("flag", "parsed_first", "names"),
    [
        ("search, logs", True, ("search", "logs")),
        ("search", True, ("search",)),
        ("", True, None),
        ("search,logs", False, None),
    ],
)
def test_watched_namespaces(flag, parsed_first, names):
    """Until the alpha the flag was tested before it was parsed: every namespace was watched."""
    assert watched(flag, parsed_first) == names


def test_an_empty_namespace_is_told():
    with pytest.raises(ValueError, match="'search,,logs' has an empty name"):
        watched("search,,logs")
