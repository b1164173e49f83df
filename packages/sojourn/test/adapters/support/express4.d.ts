/** The old major version under another name. The members that the tests use have the types of the new one. */
declare module 'express4' {
  import express = require('express')
  export = express
}
