// Sends every frame back as it came: the other end of a bare session. `node echo.ts HOST:PORT [LINK]`

import { parseLinkShape } from '../dist/cli/link-flag.js';
import { openSession } from '../dist/transport/session.js';
import { shapeDevice, unshaped } from '../dist/transport/shaped.js';
import { TcpTransport } from '../dist/transport/tcp.js';

const [address, rate] = process.argv.slice(2);
const shape = rate === undefined ? unshaped : shapeDevice(parseLinkShape(rate));
const link = await openSession(async () => shape(await new TcpTransport().connect(address!)));
link.maximumFrameBytes = 2 ** 31;
link.onFrame((frame, release) => void link.send([frame]).then(release));
link.onClose(() => process.exit());
