import { pythonTool, type Tool } from "./venv.ts";

/** A stand-in for AWS that others wrote, for `npm run e2e`. Its server needs these packages and no more for IAM and STS. */
const MOTO = "5.2.5";

export const installMoto = async (env: NodeJS.ProcessEnv): Promise<Tool> =>
  await pythonTool(
    {
      name: `moto ${MOTO}`,
      directory: `moto-${MOTO}`,
      packages: [`moto==${MOTO}`, "flask==3.1.3", "flask-cors==6.0.5"],
      program: "moto_server",
    },
    env,
  );
