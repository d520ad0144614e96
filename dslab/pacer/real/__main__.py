"""``python -m dslab.pacer.real``: run the real part and store its results for machines that cannot."""

from dslab.pacer.real.results import store_results

if __name__ == "__main__":
    print(*store_results(), sep="\n")
