/** The old major under a name of its own. What the tests use of it is typed as in the new one. */
declare module 'express4' {
  import express = require('express')
  export = express
}
