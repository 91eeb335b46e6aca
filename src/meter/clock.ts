// How far another device's clock is from this one's, estimated over the link between them as NTP does
// (Mills, RFC 5905, section 8): the exchange with the shortest round trip says most, and half of that
// round trip bounds the error.

/** One question and its answer: sent and received here, received and answered there; seconds. */
export interface ClockExchange {
  readonly sent: number;
  readonly receivedThere: number;
  readonly answeredThere: number;
  readonly received: number;
}

export interface ClockOffset {
  /** What to add to this clock's time for the other's. */
  readonly seconds: number;
  /** The true offset lies within this of it, however unlike the two ways are. */
  readonly errorSeconds: number;
}

/** The offset by the best of some exchanges; undefined without any. */
export function clockOffset(exchanges: readonly ClockExchange[]): ClockOffset | undefined {
  let best: ClockOffset | undefined;
  for (const { sent, receivedThere, answeredThere, received } of exchanges) {
    const errorSeconds = (received - sent - (answeredThere - receivedThere)) / 2;
    const seconds = (receivedThere - sent + (answeredThere - received)) / 2;
    if (!best || errorSeconds < best.errorSeconds) best = { seconds, errorSeconds };
  }
  return best;
}
