// The least of a function of one number that falls and then rises. Pure.

const ratio = (Math.sqrt(5) - 1) / 2;

/**
 * Where `cost` is least between two positive numbers: by golden section (Kiefer 1953), of logarithms, since what is
 * sought may be known to a power of ten only. It is asked `times` + 2 times.
 */
export async function minimise(
  [low, high]: readonly [number, number],
  times: number,
  cost: (value: number) => Promise<number>,
): Promise<number> {
  let [from, to] = [Math.log(low), Math.log(high)];
  const at = async (place: number) => ({ place, cost: await cost(Math.exp(place)) });
  let left = await at(to - ratio * (to - from));
  let right = await at(from + ratio * (to - from));
  for (let time = 0; time < times; time += 1) {
    if (left.cost <= right.cost) {
      to = right.place;
      right = left;
      left = await at(to - ratio * (to - from));
    } else {
      from = left.place;
      left = right;
      right = await at(from + ratio * (to - from));
    }
  }
  return Math.exp(left.cost <= right.cost ? left.place : right.place);
}
