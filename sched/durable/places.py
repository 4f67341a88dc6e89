"""Places: which shard a text belongs to, the same in every process and on every machine.

Jump consistent hash: J. Lamping and E. Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm",
2014. With one shard more, one text of n moves, to the new shard, and no other does; to take the
hash modulo the number of shards would move nearly all of them. Python's own hash() of a text is
another one in each process.
"""

from hashlib import blake2b

_MASK = 2**64 - 1


def place(text: str, shards: int) -> int:
    """The number of a text's shard, from 0. O(log shards)."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return jump(int.from_bytes(digest, "big"), shards)


def jump(state: int, shards: int) -> int:
    """The place of a number of 64 bits. O(log shards)."""
    found, following = -1, 0
    # The numbers of shards at which it moves: each is drawn from the one before.
    while following < shards:
        found = following
        state = (state * 2862933555777941757 + 1) & _MASK
        following = int((found + 1) * (2**31 / ((state >> 33) + 1)))
    return found
