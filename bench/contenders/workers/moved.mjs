/** What a task returns to the worker of `raw` when its bytes are to be handed over instead of copied. */
// A class, so that nothing else is taken for it.
// oxlint-disable-next-line typescript/no-extraneous-class
export class Moved {
  /** @param {Uint8Array<ArrayBuffer>} bytes */
  constructor(bytes) {
    this.bytes = bytes
  }
}
