require('./busy.cjs').loop()
