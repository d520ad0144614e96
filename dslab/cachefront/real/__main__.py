"""``python -m dslab.cachefront.real``: run the real parts and store their results for machines that cannot."""

from dslab.cachefront.real.results import store_results

if __name__ == "__main__":
    print(*store_results(), sep="\n")
