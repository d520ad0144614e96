"""Five ways to choose a leader, behind one scenario.

| module      | what it holds                                                                                        |
|-------------|------------------------------------------------------------------------------------------------------|
| `quorums`   | majorities, joint majorities, votes won, lost or pending, the index that a quorum has                    |
| `raftlog`   | Raft's rules of the log as plain functions: who may get a vote, what conflicts, what is committed         |
| `switches`  | every mechanism, and what happens without it                                                           |
| `members`   | what all five share: a cluster, its nodes with one mailbox and one timer each, who led when              |
| `bully`     | Garcia-Molina 1982: the highest number that answers                                                    |
| `ring`      | Chang and Roberts 1979, and the ring that collects and announces                                        |
| `paxos`     | Lamport 1998: two phases decide a value; here the value is the leader of a reign                          |
| `raft`      | Ongaro and Ousterhout 2014: terms, one vote a term, logs, random timeouts                                |
| `zookeeper` | the recipe of Apache ZooKeeper: ephemeral, numbered nodes and a watch                                    |
| `scenario`  | one scenario for all: kill, pause, partition, message delay, clock                                       |
| `counts`    | messages: closed forms, and the same counted in a run                                                  |
| `timeouts`  | Raft's Figure 16 in a model without a World, for thousands of elections                                  |
| `anomalies` | what goes wrong when a mechanism is off                                                                |

Words. *Node*: a machine that may lead. *Reign*: the time from when a node begins to lead until it stops. *Term* (Raft), *ballot*
(Paxos), *epoch*: a number that grows with each try, so that old and new can be told apart. *Quorum*: so many nodes that two of
them always share one. *Suspicion*: a timeout; nobody can know that another node is dead.
"""
