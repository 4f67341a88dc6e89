// Runs Python in Pyodide, with a wheel installed, and says what it prints:
//     node run.mjs <pyodide's folder> <wheel> <Python file> [<folder inside>=<folder outside> ...]
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodideFolder, wheel, file, ...mounts] = process.argv.slice(2);

globalThis.fetch = (address) => {
  throw new Error(`nothing is fetched here, and ${address} was asked for`);
};
try {
  const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`));
  const pyodide = await loadPyodide();
  const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
  pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir });
  for (const mount of mounts) {
    const [inside, outside] = mount.split("=");
    pyodide.FS.mkdirTree(inside);
    pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: outside }, inside);
  }
  pyodide.runPython(readFileSync(file, "utf8"), { filename: file });
} catch (error) {
  console.error(error.message); // left alone, node would print a line of Pyodide a million wide
  process.exitCode = 1;
}
