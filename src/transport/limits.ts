// How large frames may be: next to nothing for a stranger, a tensor of any sensible size for a node
// that was admitted.

/** Until the door has admitted the peer. */
export const unadmittedFrameBytes = 1024;

/** From then on. */
export const admittedFrameBytes = 1 << 30;
