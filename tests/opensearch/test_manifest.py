"""Manifests of both groups: what is read, what is kept, and errors that begin with the path and the line."""

import pytest

from dslab.opensearch import manifest
from dslab.opensearch.manifest import EXAMPLES, NEW_GROUP, OLD_GROUP, ManifestError, read

# The shape of the examples in the operator's own repository, in our words.
REAL = """
apiVersion: opensearch.opster.io/v1
kind: OpenSearchCluster
metadata:
  name: my-cluster
  namespace: search
  labels: {team: search}
spec:
  general:
    version: "1.3.2"
    httpPort: 9200
    serviceName: my-cluster
    drainDataNodes: true
  dashboards:
    enable: true
    replicas: 2
  confMgmt:
    smartScaler: true
  nodePools:
    - component: masters
      replicas: 3
      diskSize: "30Gi"
      NodeSelector:
      resources:
        requests: {memory: "2Gi"}
      roles: ["master", "data"]
    - component: warm
      replicas: 2
      roles: ["data_warm"]
      persistence:
        pvc: {storageClass: fast}
    - component: coordinators
      replicas: 1
      roles: ["ingest"]
"""


def test_an_old_manifest_is_read():
    found = read(REAL)
    pools = {pool.name: (pool.replicas, pool.manager, pool.data) for pool in found.desired.pools}
    assert pools == {"masters": (3, True, True), "warm": (2, False, True), "coordinators": (1, False, False)}
    assert (found.is_old, found.namespace, found.smart_scaler, found.desired.drain) == (
        True,
        "search",
        True,
        True,
    )


def test_what_is_not_used_is_kept_and_named():
    assert list(read(REAL).kept) == [
        "metadata.labels", "spec.dashboards", "spec.general.httpPort", "spec.general.serviceName", "spec.nodePools[0].diskSize",
        "spec.nodePools[0].NodeSelector", "spec.nodePools[0].resources",
    ]  # fmt: skip


def test_the_twin_keeps_every_field_and_changes_the_group():
    old = read(REAL)
    new = old.twin()
    assert (new.group, new.desired, new.kept) == (NEW_GROUP, old.desired, old.kept)
    assert new.document == old.document | {"apiVersion": NEW_GROUP}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_read(name):
    found = read(EXAMPLES[name])
    assert any(pool.manager for pool in found.desired.pools)
    assert found.group == (OLD_GROUP if name == "old group" else NEW_GROUP)


def test_a_misspelt_field_is_missing_and_kept():
    with pytest.raises(
        ManifestError, match=r"spec\.nodePools\[0\]\.replicas \(line \d+\): is missing; write a whole number"
    ):
        read(EXAMPLES["one node"].replace("replicas:", "replica:"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("replicas: 1", "replicas: three", r"^spec\.nodePools\[0\]\.replicas \(line 13\): is 'three'; write a whole number such as 3$"),
        ("replicas: 1", "replicas: -1", r"^spec\.nodePools\[0\]\.replicas \(line 13\): is -1; it must be at least 0$"),
        ("replicas: 1", "replicas: true", r"^spec\.nodePools\[0\]\.replicas \(line 13\): is True"),
        ('"2.19.4"', "latest", r"^spec\.general\.version \(line 7\): is 'latest'; the model compares versions"),
        ('"2.19.4"', "2.19", r"^spec\.general\.version \(line 7\): is 2\.19; write a version in quotes"),
        ("drainDataNodes: false", "drainDataNodes: sometimes", r"^spec\.general\.drainDataNodes \(line 8\): is 'sometimes'; write true or false$"),
        ("opensearch.org/v1", "opensearch.com/v1", r"^apiVersion \(line 1\): is 'opensearch\.com/v1'; the operator knows opensearch\.org/v1"),
        ("[cluster_manager, data]", "[cluster_manager, 7]", r"^spec\.nodePools\[0\]\.roles\[1\] \(line 15\): is 7; a role is a word"),
        ("[cluster_manager, data]", "[data]", r"^spec\.nodePools \(line 11\): no node pool has managers"),
        ("kind: OpenSearchCluster", "kind: Pod", r"^kind: there is no OpenSearchCluster in this text; it holds Pod$"),
    ],
)  # fmt: skip
def test_an_error_begins_with_its_path_and_line(old, new, says):
    text = EXAMPLES["one node"]
    assert old in text
    with pytest.raises(ManifestError, match=says):
        read(text.replace(old, new))


def test_no_yaml_is_told_with_its_line():
    with pytest.raises(ManifestError, match=r"^line \d+: this is no YAML: "):
        read("apiVersion: [")


def test_of_several_documents_the_cluster_is_taken():
    assert read("kind: Secret\n---\n" + EXAMPLES["three zones"]).name == "search"


def test_a_disk_of_two_kinds_is_told():
    both = EXAMPLES["on emptyDir"].replace("emptyDir: {}", "emptyDir: {}\n        pvc: {}")
    with pytest.raises(ManifestError, match=r"persistence .*must be one of pvc, emptyDir, hostPath"):
        read(both)


def test_emptydir_is_no_volume():
    assert {pool.persistence for pool in read(EXAMPLES["on emptyDir"]).desired.pools} == {"emptyDir"}


def test_text_is_asked_for():
    with pytest.raises(TypeError, match="a manifest is YAML text, not dict"):
        manifest.read({})
