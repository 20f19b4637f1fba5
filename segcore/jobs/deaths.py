"""What a worker died of, and when to give up a point or the whole job."""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Collection
from dataclasses import dataclass, field

_DEATHS_AT_A_POINT = 2
_BARREN_DEATHS = 3
# A kill that was not the kernel's for want of memory came from a person or a script, and says little about the work. But where the
# kernel's kills cannot be counted it may have been one, so there is an end to these too.
_KILLS_AT_A_POINT = 6
_BARREN_KILLS = 25
# Killed with this share of what was free when it began, a worker most likely died of that, whether or not the kernel's kills can be seen.
_SHARE_OF_FREE = 0.8
_LESS_MEMORY = (
    "It takes less memory with fewer rows or repeats, a smaller eps, or another algorithm such as mini-batch k-means; or free memory. "
)


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended.

    Parameters
    ----------
    code : int
        Its exit code; minus the number of the signal that ended it.
    peak_rss_bytes : int
        The most memory it had.
    out_of_memory : bool
        Whether the kernel killed a process for want of memory in the meantime, or it had most of what was free.
    """

    code: int
    peak_rss_bytes: int
    out_of_memory: bool = False

    @classmethod
    def of(cls, code: int, usage: resource.struct_rusage, *, out_of_memory: bool, free_bytes: int | None = None) -> Death:
        """Build the record from what ``os.wait4`` gives; ``free_bytes`` is what was free when the worker began."""
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        had_most = free_bytes is not None and peak >= _SHARE_OF_FREE * free_bytes
        return cls(code, peak, (out_of_memory or had_most) and code == -signal.SIGKILL)

    @property
    def is_from_outside(self) -> bool:
        """Tell whether somebody killed it, rather than its own fault or want of memory."""
        return self.code == -signal.SIGKILL and not self.out_of_memory

    @property
    def sentence(self) -> str:
        """What happened, for ``The worker …``."""
        memory = f"with a peak memory of {self.peak_rss_bytes / 2**20:,.0f} MiB"
        if self.code >= 0:
            return f"stopped with exit code {self.code}, {memory}"
        name = signal.Signals(-self.code).name if -self.code in set(signal.Signals) else f"signal {-self.code}"
        return f"was ended by {name}{' (the machine was out of memory)' if self.out_of_memory else ''}, {memory}"


@dataclass(slots=True)
class Deaths:
    """The deaths of one job's workers so far.

    ``at`` counts deaths at a position that were its own or for want of memory, ``kills_at`` those by somebody else; ``given_up`` has
    the reason for each position that is not to be tried again; ``barren`` counts the latest deaths in a row that
    came before any point was begun.
    """

    at: dict[int, int] = field(default_factory=dict)
    kills_at: dict[int, int] = field(default_factory=dict)
    given_up: dict[int, str] = field(default_factory=dict)
    barren: int = 0

    def is_hopeless(self, death: Death, at_work: Collection[int], *, advanced: bool) -> bool:
        """Take note of a death while the positions ``at_work`` were attempted; tells whether to give up the job."""
        outside = death.is_from_outside
        for position in at_work:
            counted, limit = (self.kills_at, _KILLS_AT_A_POINT) if outside else (self.at, _DEATHS_AT_A_POINT)
            counted[position] = counted.get(position, 0) + 1
            if counted[position] >= limit:
                self.given_up[position] = (
                    f"The worker died {counted[position]} times at this point; the last time it {death.sentence}. "
                    f"{_LESS_MEMORY if death.out_of_memory else ''}Resuming the sweep once it has ended tries this point again."
                )
        self.barren = 0 if at_work or advanced else self.barren + 1
        return self.barren >= (_BARREN_KILLS if outside else _BARREN_DEATHS)
