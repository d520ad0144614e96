"""dslab: distributed systems you can break, step through and repair.

The library under the notebooks. Packages, from the ground up (each imports only what stands above it):

| package         | what it is                                                     |
|-----------------|----------------------------------------------------------------|
| ``sim``         | the laboratory: a deterministic virtual-time simulator          |
| ``check``       | the referee: schedule search, invariants, linearizability       |
| one per lesson  | the systems: ``cachefront`` ...                                 |
| ``real``        | embedded PostgreSQL and Valkey, for a lesson's ``real.py``      |
| ``show``        | the stage: explorers, pictures, the space-time diagram          |
| ``teach``       | the classroom: predictions, exercises, claims, lesson metadata  |
| ``course``      | one file a lesson: what its notebook puts on the stage          |
"""

__version__ = "0.1.0"
