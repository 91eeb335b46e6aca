// Sends every frame back as it came: the other end of a bare link. `node echo.ts HOST:PORT`

import { TcpTransport } from '../dist/transport/tcp.js';

const link = await new TcpTransport().connect(process.argv[2]!);
link.maximumFrameBytes = 2 ** 31;
link.onFrame((frame, release) => void link.send([frame]).then(release));
link.onClose(() => process.exit());
