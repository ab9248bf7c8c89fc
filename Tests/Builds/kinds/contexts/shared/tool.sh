cat /common.txt
