dist/old.js
