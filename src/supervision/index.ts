export {
  backoffMs,
  createRestartStrategy,
  isNormalExit,
  RESTART_DEFAULTS,
  type RestartOptions,
  type RestartType,
  recordRestart,
} from './restart.js'
