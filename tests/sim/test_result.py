"""What a model returns: its metrics by name, its curves, and sentences for what does not fit."""

import pytest

from dslab.sim import Metric, Result, Series


def result():
    metrics = {"hit_rate": Metric("hit rate", 0.75), "staleness": Metric("staleness", 1.5, "s")}
    return Result({"ttl_s": 5}, metrics, "Three of four reads hit.")


def test_a_result_gives_its_metrics_by_name():
    assert result()["staleness"] == 1.5


def test_a_metric_that_does_not_exist_names_those_that_do():
    with pytest.raises(KeyError, match="no metric 'load' in this result; it has hit_rate, staleness"):
        result()["load"]


def test_a_result_describes_itself_with_its_sentence():
    assert result().describe() == "Three of four reads hit."


def test_results_do_not_share_their_empty_parts():
    one, other = result(), result()
    one.tables["t"] = [{}]
    assert other.tables == {}


def test_a_result_cannot_be_changed():
    with pytest.raises(AttributeError):
        result().text = "Other."


def test_a_series_has_as_many_x_as_y():
    with pytest.raises(ValueError, match="series 'load' has 2 x and 1 y"):
        Series("load", (1, 2), (1,))


def test_a_series_says_where_it_comes_from():
    with pytest.raises(ValueError, match="'guessed' is not known; use one of simulated, theory"):
        Series("load", (1,), (1,), "guessed")
