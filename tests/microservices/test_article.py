"""The article's arithmetic, and the four questions: what the facts file says comes out."""

import pytest

from dslab.microservices import article, decide


def test_the_ten_lines_add_up_to_4_1_ms_and_not_to_3():
    assert article.anatomy() == pytest.approx(4.1)
    assert article.anatomy(tls=False) == pytest.approx(3.1)
    assert article.anatomy(keep_alive=True) == pytest.approx(2.5)
    assert article.anatomy(keep_alive=True, callee_work=False) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("how", "percent"),
    [
        ({}, 15.4),
        ({"listed_calls": True}, 12.8),
        ({"equal_queries": True}, 11.5),
        ({"equal_queries": True, "equal_work": True}, 5.8),
    ],
)
def test_checkout_charged_in_four_ways(how, percent):
    assert article.checkout(**how)["extra_percent"] == pytest.approx(percent, abs=0.05)


def test_the_article_s_own_totals():
    run = article.checkout()
    assert (run["monolith_ms"], run["services_ms"]) == (156, 180)


def test_json_without_the_network():
    cost = article.json_cost()
    assert (cost["stated"], cost["encoding"]) == pytest.approx((5.1, 2.1))


def test_bills():
    bill = article.costs()
    assert (bill["monolith"], bill["microservices"]) == (410, 1_063)
    assert bill["computing"] == pytest.approx(468 / 180)


def test_memory_grows_by_300_percent_and_the_processor_by_44():
    assert article.growth("memory (MB)") == 300
    assert article.growth("processor (%)") == pytest.approx(44.4, abs=0.05)


def test_the_modular_monolith_was_not_measured():
    assert article.modular_is_the_monolith()


def test_ten_milliseconds_a_query_do_not_fit_the_benchmark():
    assert article.longest_query_ms() == 2.0
    assert "2,000 queries/s" in article.arithmetic()[-1]["because"]


def test_an_unknown_line_of_the_benchmark_is_told():
    with pytest.raises(KeyError, match="it has p50"):
        article.growth("p42")


def test_no_reason_no_boundary():
    run = decide.decide(engineers=12)
    assert run["boundaries"] == 0
    assert "modules in one process" in run.describe()


@pytest.mark.parametrize(
    ("answers", "boundaries"),
    [({"isolate": True}, 1), ({"isolate": True, "scale_alone": True}, 2), ({"engineers": 50}, 6)],
)
def test_boundaries_follow_from_the_answers(answers, boundaries):
    assert decide.decide(**answers)["boundaries"] == boundaries


def test_splitting_spares_teams_from_each_other():
    assert decide.releases_in_each_others_way(64, 0) == 8 * 7 // 2
    assert decide.releases_in_each_others_way(64, 7) == 0


def test_scaling_a_part_alone_saves_no_memory_at_the_article_s_512_mb_a_process():
    whole, apart = decide.scaling_memory_mb(0.2, 5)
    assert whole == apart == 1_024


def test_a_value_out_of_range_is_told():
    with pytest.raises(ValueError, match="use 1 to 2,000"):
        decide.decide(engineers=0)
