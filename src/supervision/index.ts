export {
  backoffMs,
  createRestartStrategy,
  RESTART_DEFAULTS,
  type RestartOptions,
  type RestartType,
  recordRestart,
} from './restart.js'
