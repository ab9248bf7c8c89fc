httpd -p 127.0.0.1:8080 -h /srv/www
wget -qO- http://127.0.0.1:8080/about.html
touch /srv/www/x 2>/dev/null || echo 'the pages are read-only'
touch /var/log/web/access && id -un
