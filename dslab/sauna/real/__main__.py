"""``python -m dslab.sauna.real``: play the evening with real processes and store its log for machines that cannot."""

from dslab import real
from dslab.sauna.real import STORED, judge, record

if __name__ == "__main__":
    print(real.save(STORED / "evening.json", judge(record())))
