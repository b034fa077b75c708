/** Counters and gauges of one tunnel, all since its beginning unless they are about now. */
export interface TunnelStats {
  streams: number;
  opened: number;
  bytesSent: number;
  bytesReceived: number;
  resumes: number;
  stalls: number;
  rttMs: number | undefined;
  bytesPerSecond: number;
  inFlightBytes: number;
  capBytes: number;
  replayBytes: number;
  mostReplayBytes: number;
  lentBytes: number;
  /** Weight of what writers queued in its streams. */
  queuedBytes: number;
}
