import { Gate } from "../account/gate.tsx";
import { start } from "../parts/start.tsx";
import { SessionsView } from "./sessions-view.tsx";

start(<Gate what="your conversations">{(inside) => <SessionsView inside={inside} />}</Gate>);
