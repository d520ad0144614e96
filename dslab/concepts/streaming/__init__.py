"""Live streaming: from the camera to the viewer, what each step costs in seconds, and what breaks on the way.

| word        | meaning                                                                                                |
|-------------|--------------------------------------------------------------------------------------------------------|
| encode      | turn pictures into a compressed stream; a key frame can be shown without any frame before it             |
| ingest      | bring that stream to the platform: RTMP (over TCP), SRT (over UDP, sends lost packets again), WebRTC     |
| transcode   | make the rungs of the bitrate ladder from it                                                             |
| packager    | cuts each rung into segments (and parts) and writes the playlists: HLS, DASH; CMAF is the file format of both |
| origin, edge | the server that has the files; the servers of the CDN near the viewers, which keep copies                |
| live edge   | the newest moment that could be played now                                                               |
| hold-back   | how far behind the live edge a player stays; this is its buffer                                          |
| stall       | the buffer is empty and the picture stands still                                                         |
| adaptive    | the player picks the rung for each segment, by what it measured                                          |

| part        | what it is                                                                             |
|-------------|----------------------------------------------------------------------------------------|
| `path`      | seconds behind live: the budget, viewers who join, which protocol for which need          |
| `ingest`    | lost packets on the way in: sent again in time, too late, or everybody waits              |
| `player`    | outages against the buffer, with the closed form; rungs against a changing network        |
| `delivery`  | packager, origin, edges and player as one World; every mechanism has a switch             |
| `anomalies` | what goes wrong when one is off                                                           |
| `server`    | a real origin on the loopback, with blocking reload; standard library only                |
"""
