// Run bcoin's full node on our regtest: `run_node.cjs FOLDER OPTIONS`. FOLDER has bcoin in its
// node_modules, OPTIONS are JSON:
//   {"magic": int, "genesis": hex, "maturity": int, "peer": "host:port", "port": int, "rpcPort": int}
// What differs from bcoin's own regtest is set here; bcoin's files stay as they are.
"use strict";
const { scryptSync } = require("node:crypto");
const { createRequire } = require("node:module");

const from = createRequire(`${process.argv[2]}/`);
const options = JSON.parse(process.argv[3]);
const bcoin = (name) => from(`bcoin/lib/${name}`);

// All is kept in memory: the store on disk is native code, which `--ignore-scripts` does not build.
require.cache[from.resolve("leveldown")] = { loaded: true, exports: null };

// The networks are read when the first other module of bcoin is.
const { regtest } = bcoin("protocol/networks");
const consensus = bcoin("protocol/consensus");
const first = Buffer.from(options.genesis, "hex");
const genesis = bcoin("primitives/headers").fromHead(first.subarray(0, 80));
Object.assign(regtest, {
  magic: options.magic,
  genesisBlock: options.genesis,
  genesis: {
    version: genesis.version,
    hash: genesis.hash("hex"),
    prevBlock: genesis.prevBlock,
    merkleRoot: genesis.merkleRoot,
    time: genesis.time,
    bits: genesis.bits,
    nonce: genesis.nonce,
    height: 0,
  },
});

consensus.COINBASE_MATURITY = options.maturity;
consensus.getReward = (height) => {
  const era = Math.floor(height / 576);
  // Later rewards are this or nothing, by times of which bcoin does not tell here.
  return era > 3 ? 3500000 : Math.floor(30000e8 / 16 ** era);
};

// A block is named by SHA-256, but its work is measured with scrypt.
const AbstractBlock = bcoin("primitives/abstractblock");
AbstractBlock.prototype.verifyPOW = function verifyPOW() {
  const head = this.toHead();
  return consensus.verifyPOW(scryptSync(head, head, 32, { N: 1024, r: 1, p: 1 }), this.bits);
};

// Segregated witness holds from the first block; CSV is voted for as in bcoin's regtest.
const Chain = bcoin("blockchain/chain");
const { thresholdStates } = bcoin("blockchain/common");
const { getState } = Chain.prototype;
Chain.prototype.getState = async function stateOf(previous, deployment) {
  if (deployment.name === "segwit") return thresholdStates.ACTIVE;
  return getState.call(this, previous, deployment);
};

async function main() {
  const FullNode = bcoin("node/fullnode");
  const node = new FullNode({
    network: "regtest",
    memory: true,
    workers: false,
    logLevel: "debug",
    logConsole: true,
    listen: true,
    host: "127.0.0.1",
    port: options.port,
    only: [options.peer],
    httpPort: options.rpcPort,
    noAuth: true,
  });
  node.on("error", (error) => console.error(error));
  process.on("SIGTERM", () => process.exit(0));
  // Nobody on the internet is asked for our address.
  node.pool.discoverExternal = async () => {};
  await node.open();
  await node.connect();
  node.startSync();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
