export type { GroupStrategy } from './group.js'
export {
  backoffMs,
  createRestartStrategy,
  RESTART_DEFAULTS,
  type RestartOptions,
  type RestartType,
  recordRestart,
} from './restart.js'
export {
  type ChildRestartOptions,
  type ChildSpec,
  createSupervisor,
  type GroupState,
  type SupervisedPort,
  type Supervisor,
  type SupervisorOptions,
} from './supervisor.js'
