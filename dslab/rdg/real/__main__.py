"""``python -m dslab.rdg.real``: run the real part and store its result for machines that cannot."""

from dslab.rdg.real.orders import store_results

if __name__ == "__main__":
    print(*store_results(), sep="\n")
