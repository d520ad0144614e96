"""The price of a network call: what it costs, what it risks, and what an article made of both.

| part         | the question it answers                                                                   |
|--------------|-------------------------------------------------------------------------------------------|
| `callgraph`  | one request as a tree of calls: time, availability, memory, run as one process or as many     |
| `overload`   | pools, tails, retries and the storm that stays                                              |
| `anomalies`  | ten ways in which a call between two processes goes wrong, and the defence against each        |
| `article`    | the article's arithmetic, line by line                                                     |
| `decide`     | its four questions before a split, answered in the model                                     |
| `real`       | five ways to reach the same work, timed on this machine                                     |

Source: Polliog, "Microservices Are Killing Your Performance (And Here's the Math)", dev.to, 14 January 2026.
"""
