// How people write the ten digits: for each, several styles; a style is a list of strokes over the
// unit square, y downwards. Curves are Catmull-Rom splines through the points given here.

/** A polyline: x, y, x, y, ... */
export type Stroke = readonly number[];

const pointsPerSpan = 4;

/** Straight from point to point. Points are `x,y` in hundredths of the square. */
const line = (path: string): Stroke => path.split(/[ ,]/).map((number) => Number(number) / 100);

/** Smoothly through the points, as a polyline of `pointsPerSpan` pieces between two of them. */
function curve(path: string): Stroke {
  const points = line(path);
  const count = points.length / 2;
  const at = (point: number, axis: number): number =>
    points[2 * Math.min(Math.max(point, 0), count - 1) + axis] as number;
  const stroke = [at(0, 0), at(0, 1)];
  for (let span = 0; span < count - 1; span++) {
    for (let piece = 1; piece <= pointsPerSpan; piece++) {
      const t = piece / pointsPerSpan;
      for (const axis of [0, 1]) {
        const a = at(span - 1, axis);
        const b = at(span, axis);
        const c = at(span + 1, axis);
        const d = at(span + 2, axis);
        stroke.push(
          b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))),
        );
      }
    }
  }
  return stroke;
}

/** By digit, then style. */
export const digitStyles: readonly (readonly (readonly Stroke[])[])[] = [
  [
    [curve('50,4 24,18 15,50 24,82 50,96 76,82 85,50 76,18 50,4')],
    [curve('62,6 36,14 26,50 34,86 52,95 68,80 74,45 62,12 42,10')],
    [curve('50,4 22,20 15,50 24,82 50,96 76,82 85,50 76,18 50,4'), line('74,16 27,84')],
  ],
  [
    [line('50,4 50,96')],
    [line('27,30 55,4 55,96')],
    [line('30,24 52,4 52,95'), line('25,95 79,95')],
  ],
  [
    [curve('20,28 34,8 64,7 78,28 62,56 20,94'), line('20,94 84,94')],
    [curve('22,22 45,5 72,14 74,40 50,72 24,94 14,84 28,76 56,92 86,86')],
    [line('20,10 76,8 78,34 20,93 84,93')],
  ],
  [
    [curve('20,16 44,4 72,14 70,36 42,47'), curve('42,47 76,55 80,78 54,95 18,86')],
    [line('20,7 76,7 44,42'), curve('44,42 76,50 80,76 54,95 20,88')],
    [curve('24,8 70,10 74,36 50,50 40,48 50,46 82,66 68,92 24,94')],
  ],
  [
    [line('66,96 66,5 14,66 88,66')],
    [line('24,6 20,54 82,54'), line('70,10 68,96')],
    [curve('20,8 20,40 40,50 74,42'), curve('78,6 74,42 70,96')],
  ],
  [
    [line('78,6 30,6 26,45'), curve('26,45 56,38 80,60 68,88 40,96 17,87')],
    [curve('82,8 40,8 26,26 50,46 74,66 60,92 20,92')],
    [line('76,7 28,7 28,46 74,46 74,93 22,93')],
  ],
  [
    [curve('68,5 36,26 20,62 32,90 62,94 80,72 60,52 34,58 22,74')],
    [curve('30,5 24,50 30,90 62,94 76,74 58,60 30,72')],
    [curve('76,14 50,5 24,26 18,66 40,95 76,84 76,56 48,46 22,60')],
  ],
  [
    [line('16,7 82,7 40,96')],
    [line('16,9 80,7 42,96'), line('36,50 78,48')],
    [curve('16,20 24,8 54,14 82,7'), curve('82,7 62,40 50,96')],
  ],
  [
    [
      curve('50,47 25,34 30,10 50,4 70,10 75,34 50,47'),
      curve('50,47 20,62 22,88 50,96 78,88 80,62 50,47'),
    ],
    [curve('76,16 50,4 26,16 34,40 66,60 74,84 50,96 26,84 36,60 66,38 76,16')],
    [
      curve('50,40 32,30 34,10 54,5 68,16 64,34 50,40'),
      curve('50,40 16,60 24,90 54,96 82,80 76,54 50,40'),
    ],
  ],
  [
    [curve('76,30 58,6 28,12 24,40 48,52 74,36'), line('76,20 70,96')],
    [curve('78,34 56,5 24,16 26,44 56,50 78,30 76,66 58,94 26,90')],
    [curve('50,4 26,12 24,36 50,48 74,36 72,12 50,4'), curve('74,26 66,62 40,96')],
  ],
];
