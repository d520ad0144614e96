"""Pacer for real: the same claims on PostgreSQL, by 1 to 32 claimers at once.

| word            | meaning                                                                                            |
|-----------------|----------------------------------------------------------------------------------------------------|
| claimer         | a thread with a connection of its own that claims up to ten jobs at a time until none is left         |
| plain UPDATE    | UPDATE ... WHERE id IN (SELECT ... WHERE state = 'pending' LIMIT 10): the state is looked at once, unlocked  |
| checked UPDATE  | the same, and the UPDATE itself asks for ``state = 'pending'`` as well                                 |
| SKIP LOCKED     | the SELECT locks the rows it finds and passes over those that somebody else has locked                 |
| one owner       | one thread claims ahead, up to a hundred jobs at a time; claimers take from its memory                  |
| hold            | how long a claim's transaction stays open after its UPDATE; 2 ms, as in the model                      |
| wait            | how long the UPDATE itself took, most of it spent on other claimers' locks                             |

`claim_run` lets claimers loose and counts; `contention` compares the four ways; `semantics` shows, claim by claim with gates,
what each way does when another claim is under way. PostgreSQL stands in for MySQL: its UPDATE has no LIMIT, so a sub-select
names the rows, and the first two ways differ only there.
"""

from dslab.pacer.real.claims import WAYS, Counted, Lab, claim_run
from dslab.pacer.real.results import contention, semantics, store_results, stored

__all__ = ["WAYS", "Counted", "Lab", "claim_run", "contention", "semantics", "store_results", "stored"]
