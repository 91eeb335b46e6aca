// A compiled graph: a flat list of kernel calls whose addresses are relative to a few bases (the arena
// for temporaries, then each input, then each output). Plain data, so it can be sent to a thread; a
// run only adds the bases in.

import type { KernelName, Kernels } from './kernels.ts';

/** A place in memory: `offset` bytes after base number `base`. */
export interface Address {
  readonly base: number;
  readonly offset: number;
}

export type Operand = number | Address;

export interface KernelCall {
  readonly kernel: KernelName;
  readonly operands: readonly Operand[];
}

/** Base 0 is the arena, of `arenaBytes`; then the inputs, then the outputs, in the graph's order. */
export interface KernelProgram {
  readonly calls: readonly KernelCall[];
  readonly arenaBytes: number;
}

/** The address `bytes` further on. */
export const after = ({ base, offset }: Address, bytes: number): Address => ({
  base,
  offset: offset + bytes,
});

/** Makes a program callable: the function returned runs it with the bases given. */
export function bind(program: KernelProgram, kernels: Kernels): (bases: readonly number[]) => void {
  const calls = program.calls.map(({ kernel, operands }) => ({
    kernel: kernels[kernel],
    operands: operands.map((operand) => (typeof operand === 'number' ? operand : 0)),
    addresses: operands.flatMap((operand, index) =>
      typeof operand === 'number' ? [] : [{ index, ...operand }],
    ),
  }));
  return (bases) => {
    for (const { kernel, operands, addresses } of calls) {
      for (const { index, base, offset } of addresses)
        operands[index] = (bases[base] ?? 0) + offset;
      kernel(...operands);
    }
  };
}
