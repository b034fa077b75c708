import { Gate } from "../account/gate.tsx";
import { start } from "../parts/start.tsx";
import { AdminView } from "./admin-view.tsx";

start(
  <Gate what="everybody's conversations" isForAdmins>
    {(inside) => <AdminView inside={inside} />}
  </Gate>,
);
