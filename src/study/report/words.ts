// What the words of the report mean, for a reader who knows training, but not this program. Pure.

import { html } from './html.ts';
import { definitions } from './settings.ts';

export const words = html`<section id="words">
  <h2>Words</h2>
  ${definitions([
    [
      'ring',
      'Each device holds some of the layers. Activations go round one way, gradients the other; the master holds the data, the first layers and the last.',
    ],
    [
      'parameter server',
      'Each worker holds the whole model and computes its share of every batch; a server holds the parameters, takes gradients and gives updated parameters. Bsp: an update is the sum of all workers’ gradients, and everyone waits for it. Async: every gradient is an update of its own, and nobody waits for another worker.',
    ],
    ['co-located servers', 'The same, with a part of the parameters served beside every worker.'],
    [
      'all-reduce',
      'Each device holds the whole model, and the gradients are summed from neighbour to neighbour, without a server.',
    ],
    ['one device', 'The same training on the master alone.'],
    ['step, commit', 'One update from one batch; the moment from which it counts.'],
    ['microbatch', 'An equal share of a batch; several are under way at once.'],
    ['idle', 'Time in which a node’s engine computes nothing, from its first commit to its last.'],
    [
      'pair',
      'Two runs of one repeat, with the same seed, data and devices, that differ in the way to train alone.',
    ],
  ])}
</section>`;
