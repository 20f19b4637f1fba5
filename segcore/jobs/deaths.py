"""Causes of a worker's death, and when to give up a point or the whole job."""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Collection
from dataclasses import dataclass, field

_DEATHS_AT_A_POINT = 2
_BARREN_DEATHS = 3
# If the kernel did not kill the worker for lack of memory, a person or a script did, which is hardly the work's fault. But where the
# kernel's kills cannot be counted, it could have been the kernel, so such kills have a limit too.
_KILLS_AT_A_POINT = 6
_BARREN_KILLS = 25
# A worker killed while it used this share of the memory free at its start most likely ran out of memory, even if no kernel kill is seen.
_SHARE_OF_FREE = 0.8
_LESS_MEMORY = (
    "To need less memory, use fewer rows or repeats, a smaller eps, or another algorithm such as mini-batch k-means; or free memory. "
)


@dataclass(frozen=True, slots=True)
class Death:
    """End of a worker that did not finish.

    Parameters
    ----------
    code : int
        Its exit code, or minus the number of the signal that ended it.
    peak_rss_bytes : int
        Its peak memory.
    out_of_memory : bool
        Whether the kernel killed a process for lack of memory in the meantime, or the worker used most of the free memory.
    """

    code: int
    peak_rss_bytes: int
    out_of_memory: bool = False

    @classmethod
    def of(cls, code: int, usage: resource.struct_rusage, *, out_of_memory: bool, free_bytes: int | None = None) -> Death:
        """Build the record from the result of ``os.wait4``; ``free_bytes`` is the memory that was free when the worker started."""
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        had_most = free_bytes is not None and peak >= _SHARE_OF_FREE * free_bytes
        return cls(code, peak, (out_of_memory or had_most) and code == -signal.SIGKILL)

    @property
    def is_from_outside(self) -> bool:
        """Tell whether a person or program killed the worker, so that neither its own fault nor lack of memory ended it."""
        return self.code == -signal.SIGKILL and not self.out_of_memory

    @property
    def sentence(self) -> str:
        """The end as the rest of a sentence: ``The worker …``."""
        memory = f"with a peak memory of {self.peak_rss_bytes / 2**20:,.0f} MiB"
        if self.code >= 0:
            return f"stopped with exit code {self.code}, {memory}"
        name = signal.Signals(-self.code).name if -self.code in set(signal.Signals) else f"signal {-self.code}"
        return f"was ended by {name}{' (the machine was out of memory)' if self.out_of_memory else ''}, {memory}"


@dataclass(slots=True)
class Deaths:
    """Deaths of one job's workers so far.

    ``at`` counts deaths at a position by the worker's own fault or lack of memory, ``kills_at`` kills from outside; ``given_up`` has the
    reason for each position that is not tried again; ``barren`` counts the most recent deaths in a row before any point was started.
    """

    at: dict[int, int] = field(default_factory=dict)
    kills_at: dict[int, int] = field(default_factory=dict)
    given_up: dict[int, str] = field(default_factory=dict)
    barren: int = 0

    def is_hopeless(self, death: Death, at_work: Collection[int], *, advanced: bool) -> bool:
        """Record a death during attempts at the positions ``at_work``; tell whether to give up the job."""
        outside = death.is_from_outside
        for position in at_work:
            counted, limit = (self.kills_at, _KILLS_AT_A_POINT) if outside else (self.at, _DEATHS_AT_A_POINT)
            counted[position] = counted.get(position, 0) + 1
            if counted[position] >= limit:
                self.given_up[position] = (
                    f"The worker died {counted[position]} times while computing this solution; the last time it {death.sentence}. "
                    f"{_LESS_MEMORY if death.out_of_memory else ''}To try it again, resume the sweep once it has ended."
                )
        self.barren = 0 if at_work or advanced else self.barren + 1
        return self.barren >= (_BARREN_KILLS if outside else _BARREN_DEATHS)
