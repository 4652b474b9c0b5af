// asyncapi.js DOCUMENT: what AsyncAPI's parser makes of it, as JSON: faults (errors and warnings), the message names of each channel.
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

async function main() {
  const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
  const faults = diagnostics.filter((d) => d.severity <= 1).map((d) => `${d.path.join("/")}: ${d.message}`);
  const channels = {};
  let keys = 0;
  for (const channel of document ? document.channels().all() : []) {
    channels[channel.address()] = channel.messages().all().map((message) => message.name());
    for (const message of channel.messages().all()) if (message.bindings().has("kafka")) keys += 1;
  }
  console.log(JSON.stringify({ faults, version: document?.version(), channels, keys }));
}

main();
