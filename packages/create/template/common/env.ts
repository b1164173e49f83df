import { existsSync } from 'node:fs'
import { env, loadEnvFile } from 'node:process'

// Settings are environment variables. In development, the file .env may set them; .env.example describes them.
// A variable that is set already wins over the file.
if (existsSync('.env')) loadEnvFile('.env')

export { env }
