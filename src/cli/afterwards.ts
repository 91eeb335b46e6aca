/** Settles as `ended` does, once `close` is done too, however it ended. */
export async function afterwards(ended: Promise<void>, close: () => Promise<void>): Promise<void> {
  try {
    await ended;
  } finally {
    await close();
  }
}
