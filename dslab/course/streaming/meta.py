"""What notebook 10d says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="streaming",
    number=10,
    part="d",
    title="Live streaming and developer tools: seconds, playlists, and what keeps them true",
    promise="Find where the seconds between a goal and its viewers go, read the playlist that players live by, break it eleven ways, and look at the tools that keep this course honest.",
    minutes=85,
    objectives=(
        "say for each way of delivery which term of the latency budget dominates, and what would shorten it",
        "compute what SRT's latency buys at a given loss and round trip, and what a buffer buys against outages",
        "read a live HLS playlist line by line, and name the rule that a wrong one breaks",
        "find the order of messages in which a player is told of a file that is not there, and name the mechanism that rules it out",
        "say what an editor, version control, CI and a container each do for a repository, and what would go wrong without it",
    ),
    prerequisites=("what an HTTP request is", "that a cache keeps copies for some time; notebook 10a has caching and CDNs"),
    key_points=(
        "Hold-back is most of the latency of plain HLS: three segments, whatever the network does. Only a smaller unit makes it short.",
        "What is lost can be sent again as long as there is time: each round trip of latency multiplies what is too late by the loss.",
        "A buffer as long as the average outage lets a third of the outages through; every further one of the same length leaves a third of the rest.",
        "A playlist is a promise about files: they are there when they are listed, and stay when they are not any more.",
        "That a text can be parsed says little about whether it keeps the rules; and the rules of a reload cannot be seen in one text.",
    ),
    sources=(
        Source("EP197: 12 Architectural Concepts Developers Should Know", "ByteByteGo", "January 2026",
               "https://blog.bytebytego.com/p/ep197-12-architectural-concepts-developers"),
        Source("RFC 8216: HTTP Live Streaming", "Pantos and May", "August 2017", "https://www.rfc-editor.org/rfc/rfc8216"),
        Source("HTTP Live Streaming, 2nd edition (draft)", "Pantos", "November 2024", "https://datatracker.ietf.org/doc/html/draft-pantos-hls-rfc8216bis-16"),
    ),
    timetable=(
        ("The article, and the system in one picture", 9),
        ("Act 1: seconds behind live", 11),
        ("Act 2: lost packets", 8),
        ("Act 3: the buffer", 9),
        ("Act 4: the playlist", 12),
        ("Act 5: be the network", 8),
        ("Break it, for real, developer tools, claims", 12),
        ("Exercises", 16),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "segment": "a file with a few seconds of the stream; the unit in which plain HLS and DASH deliver",
        "part": "a piece of a segment that is published before the segment is complete; a chunk in DASH's words",
        "playlist": "the text that lists the files which a player may fetch now; a live player reads it again and again",
        "bitrate ladder": "the same pictures at several bit rates; each is a rung, and the player takes one for each segment",
        "hold-back": "how far from the end of the playlist a player stays; it is the player's buffer",
        "live edge": "the newest moment that could be played now",
        "ingest": "the way from the encoder to the platform: RTMP over TCP, SRT over UDP, WebRTC",
        "packager": "cuts each rung into segments and writes the playlists",
        "origin": "the server that has the files; edges ask it for what they have no copy of",
        "SRT latency": "how long SRT keeps a packet before it hands it on, so that a lost one can be sent again",
        "media sequence": "the number of the first segment that a playlist lists",
        "discontinuity": "a place where timestamps begin anew; those that have left are counted",
        "blocking reload": "ask for what is not there yet, and be answered when it is",
        "edge": "a CDN's server near the viewers; it keeps copies of what it was asked for",
        "grace": "how long a file stays after it has left the playlist",
        "stall": "the buffer is empty, and the picture stands",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
