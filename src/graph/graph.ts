// A graph is plain data: named values, and nodes that compute some from others. It can be printed,
// checked, costed, differentiated, cut and compiled. Operators bear ONNX's names and semantics
// where ONNX has them (see operators.ts).

export type ElementType = 'float32' | 'int32';
export type Shape = readonly number[];

export interface TensorType {
  readonly type: ElementType;
  readonly shape: Shape;
}

export type AttributeValue = number | string | boolean | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One application of an operator. Inputs and outputs are names of values; '' is an absent optional input. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** Nodes stand in an order in which every input is computed before it is used. */
export interface Graph {
  readonly inputs: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly string[];
  /** The type of every value, by name. */
  readonly types: Readonly<Record<string, TensorType>>;
}

export const elementBytes = 4;

export const elementCount = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

export const byteLength = (type: TensorType): number => elementCount(type.shape) * elementBytes;
