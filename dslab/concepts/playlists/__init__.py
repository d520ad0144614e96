"""HLS playlists: text that a player reads, made for any moment of a live stream, and the rules that such a text keeps.

| word                | meaning                                                                                        |
|---------------------|------------------------------------------------------------------------------------------------|
| segment             | a file with some seconds of the stream; its duration stands in ``EXTINF``                        |
| part                | a piece of a segment, published before the segment is complete (low-latency HLS)                 |
| media playlist      | the list of the segments that a player may fetch now, in order                                   |
| multivariant playlist | the list of the media playlists, one for each rung of the bitrate ladder                       |
| target duration     | the longest that a segment may be, in whole seconds; it never changes                            |
| window              | how many complete segments a live playlist lists; older ones leave at its top                    |
| media sequence      | the number of the first segment that is listed; it rises by one for each that leaves             |
| discontinuity       | a place where timestamps or encoding start anew; the discontinuity sequence counts those that left |
| hold-back           | how far from the end of the playlist a player must stay, at least                                |
| blocking reload     | a player asks for a segment or part that is not there yet, and the server answers when it is     |

| part of this package | what it is                                                |
|----------------------|-----------------------------------------------------------|
| `model`              | a stream, and its playlists as text at any moment           |
| `rules`              | the rules, each with its name; which are broken, and where  |
| `zoo`                | playlists with one bug each                                |

Sources: RFC 8216 (HTTP Live Streaming, August 2017); its second edition, draft-pantos-hls-rfc8216bis (parts, blocking
reload, hold-backs). Times are whole milliseconds of the stream's own clock, which begins at 0.
"""

from dslab.concepts.playlists.model import LADDER, Rung, Stream, multivariant
from dslab.concepts.playlists.rules import RULES, Broken, check, check_reload, names

__all__ = ["LADDER", "RULES", "Broken", "Rung", "Stream", "check", "check_reload", "multivariant", "names"]
