"""``python -m dslab.microservices.real``: climb the ladder and store the result for machines that cannot."""

from dslab.microservices.real.rungs import store_results

if __name__ == "__main__":
    print(*store_results(), sep="\n")
