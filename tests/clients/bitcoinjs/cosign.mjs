// Sign, or join and finish, PSBTs with bitcoinjs-lib. JSON on stdin, JSON on stdout.
//   {"sign": base64, "xprv": text}  ->  {"psbt": base64}
//   {"join": [base64, …]}         ->  {"hex": transaction}
import { readFileSync } from "node:fs";
import { BIP32Factory } from "bip32";
import { Psbt, initEccLib, networks } from "bitcoinjs-lib";
import * as secp256k1 from "tiny-secp256k1";

initEccLib(secp256k1);
const network = networks.regtest;
const hdKeys = BIP32Factory(secp256k1);
const verify = (key, digest, signature) => secp256k1.verify(digest, key, signature);
const read = (text) => Psbt.fromBase64(text, { network });

function sign(text, xprv) {
  const psbt = read(text);
  // The file says at which path our key lies; the signer derives it and looks.
  psbt.signAllInputsHD(hdKeys.fromBase58(xprv, network));
  return { psbt: psbt.toBase64() };
}

function join([first, ...others]) {
  const psbt = read(first).combine(...others.map(read));
  psbt.data.inputs.forEach((_, index) => {
    if (!psbt.validateSignaturesOfInput(index, verify)) throw new Error(`input ${index}`);
  });
  return { hex: psbt.finalizeAllInputs().extractTransaction().toHex() };
}

const order = JSON.parse(readFileSync(0, "utf8"));
const answer = order.join ? join(order.join) : sign(order.sign, order.xprv);
process.stdout.write(JSON.stringify(answer));
