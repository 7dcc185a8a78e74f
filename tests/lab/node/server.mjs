// The HTTPS server of the lab that knows the hybrid post-quantum groups. Its one argument is the options of
// https.createServer as JSON, with certFile, keyFile and caFile as paths.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const { certFile, keyFile, caFile, ...options } = JSON.parse(process.argv[2]);
options.cert = readFileSync(certFile);
options.key = readFileSync(keyFile);
if (caFile) options.ca = readFileSync(caFile);

createServer(options, (_request, response) => response.end("ok\n"))
  .on("tlsClientError", (error) => console.error(error.code))
  .listen(0, "127.0.0.1");
