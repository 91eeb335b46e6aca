// The end of a step as the ring's master sees it: squared norms come in from three sides and are put
// together in the order of the layers, so that the outcome does not depend on the cut.

/** What of a step's squared norms is known so far. */
export class StepNorms {
  closing: readonly (number | null)[] | undefined;
  opening: readonly (number | null)[] | undefined;
  /** Of everyone after the opening stage, as the first worker tells them. */
  downstream: readonly (number | null)[] | undefined;

  /** Those of all layers in order, once every stage has every gradient. */
  all(alone: boolean): readonly (number | null)[] | undefined {
    const { closing, opening, downstream } = this;
    if (!closing || alone) return closing;
    return opening && downstream && [...opening, ...downstream];
  }
}
