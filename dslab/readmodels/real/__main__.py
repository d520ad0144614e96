"""``python -m dslab.readmodels.real``: run the real parts and store their results for machines that cannot."""

from dslab.readmodels.real.runs import store_results

if __name__ == "__main__":
    print(*store_results(), sep="\n")
