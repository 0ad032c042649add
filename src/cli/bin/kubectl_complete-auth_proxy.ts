#!/usr/bin/env node
import { main } from "../main.ts";

await main("kubectl_complete-auth_proxy");
