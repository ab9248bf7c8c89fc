dist/keep.js
